`default_nettype none
module bad (
    input wire clk, input wire [3:0] a, output logic [3:0] q
);
    logic [3:0] words[32];
    initial $readmemh("good.mem", words);
    always_ff @(posedge clk) q <= words[{1'b0, a}];
endmodule
`default_nettype wire
