`default_nettype none
module bad (
    input wire clk, input wire [3:0] a, output logic [3:0] q
);
    logic [3:0] once;
    logic [3:0] once;
    assign once = a;
    assign q = once;
endmodule
`default_nettype wire
