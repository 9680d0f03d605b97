`default_nettype none
module bad (
    input wire clk, input wire [3:0] a, output wire [3:0] q
);
    reg [3:0] words [4];
    always @(posedge clk) words[a[1:0]] <= a;
    assign q = words[0];
endmodule
`default_nettype wire
