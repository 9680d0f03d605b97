`default_nettype none
module bad #(parameter int COUNT = 2001) (
    input wire clk, input wire [3:0] a, output logic [3:0] q
);
    always_comb begin
        q = a;
        for (int i = 0; i < COUNT; i++) q = q + 4'd1;
    end
endmodule
`default_nettype wire
