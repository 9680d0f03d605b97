`default_nettype none
module bad #(parameter [3:0] WIDTH = 4) (
    input wire [3:0] a, output wire [3:0] q
);
    if (WIDTH > 4) begin : g_illegal
        $fatal(1, "too wide");
    end
    assign q = a;
endmodule
`default_nettype wire
