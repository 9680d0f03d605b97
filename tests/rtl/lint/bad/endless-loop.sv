`default_nettype none
module bad (
    input wire clk, input wire [3:0] a, output logic [3:0] q
);
    always_comb begin
        q = a;
        repeat (a) q = q + 4'd1;
    end
endmodule
`default_nettype wire
