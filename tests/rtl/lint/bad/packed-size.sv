`default_nettype none
module bad (
    input wire clk, input wire [3:0] a, output logic [3:0] q
);
    logic [4] same;
    assign same = a;
    assign q = same;
endmodule
`default_nettype wire
