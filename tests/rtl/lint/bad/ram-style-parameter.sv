`default_nettype none
module bad #(parameter STYLE = "block") (
    input wire clk, input wire [3:0] a, output logic [3:0] q
);
    (* ram_style = STYLE *) logic [3:0] words[16];
    always_ff @(posedge clk) begin
        words[a] <= a;
        q <= words[a];
    end
endmodule
`default_nettype wire
