`default_nettype none
module bad (input wire clk, input wire [15:0] at, input wire [31:0] a, output logic [31:0] q);
    logic [31:0] words_q[65536];
    always_ff @(posedge clk) begin
        words_q[at] <= a;
        q <= words_q[at];
    end
endmodule
`default_nettype wire
