`default_nettype none
module bad (
    input wire clk, input wire [3:0] a, output logic [3:0] q
);
    logic [3:0] first_q;
    initial first_q = a;
    assign q = first_q;
endmodule
`default_nettype wire
