`default_nettype none
module bad #(parameter FILE = "good") (
    input wire clk, input wire [3:0] a, output logic [3:0] q
);
    logic [3:0] words[16];
    initial $readmemh($sformatf("%s.mem", FILE), words);
    always_ff @(posedge clk) q <= words[a];
endmodule
`default_nettype wire
