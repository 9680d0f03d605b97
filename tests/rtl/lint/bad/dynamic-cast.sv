`default_nettype none
module bad (
    input wire clk, input wire [3:0] a, output logic [3:0] q
);
    logic [3:0] b;
    always_comb begin
        $cast(b, a);
        q = b;
    end
endmodule
`default_nettype wire
