`default_nettype none
module bad (
    input wire clk, input wire [3:0] a, output logic [3:0] q
);
    logic [3:0] words[70000];
    initial begin
        for (int i = 0; i < 70000; i++) words[i] = 4'd1;
    end
    always_ff @(posedge clk) q <= words[17'(a)];
endmodule
`default_nettype wire
