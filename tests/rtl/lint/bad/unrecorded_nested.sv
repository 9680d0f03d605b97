`default_nettype none
module bad (
    input wire clk, input wire [3:0] a, output logic [3:0] q
);
    module inner;
    endmodule
    inner inner_i();
    assign q = a;
endmodule
`default_nettype wire
