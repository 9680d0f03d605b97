`default_nettype none
module bad (
    input wire clk, input wire [3:0] a, output logic [3:0] q
);
    wire [3:0] held;
    always_ff @(posedge clk) held <= a;
    assign q = held;
endmodule
`default_nettype wire
