`default_nettype none
module bad (
    input wire clk, input wire [3:0] a, output logic [3:0] q
);
    localparam logic [3:0] HALF = 4'(1.5);
    assign q = a & HALF;
endmodule
`default_nettype wire
