`default_nettype none
module bad #(parameter int WIDTH = 4) (
    input wire clk, input wire [3:0] a, output logic [3:0] q
);
    if (WIDTH > 4) begin : g_illegal
        $fatal("too wide");
    end
    assign q = a;
endmodule
`default_nettype wire
