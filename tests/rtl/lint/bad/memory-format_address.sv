`default_nettype none
module bad (
    input wire clk, input wire [3:0] a, output logic [3:0] q
);
    logic [7:0] words[2];
    initial $readmemh("addresses.mem", words);
    always_ff @(posedge clk) q <= words[a[0]][3:0];
endmodule
`default_nettype wire
