`default_nettype none
module bad (
    input wire clk, input wire [3:0] a, output logic [3:0] q
);
    logic [3:0] words[16];
    initial $readmemh("commas.mem", words);
    always_ff @(posedge clk) q <= words[a];
endmodule
`default_nettype wire
