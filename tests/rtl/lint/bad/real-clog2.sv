`default_nettype none
module bad (
    input wire clk, input wire [3:0] a, output logic [3:0] q
);
    localparam logic [31:0] BITS = $clog2(8.5);
    assign q = a + 4'(BITS);
endmodule
`default_nettype wire
