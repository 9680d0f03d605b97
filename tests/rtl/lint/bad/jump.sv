`default_nettype none
module bad (
    input wire clk, input wire [3:0] a, output logic [3:0] q
);
    always_comb begin
        q = '0;
        for (int i = 0; i < 4; i++) begin
            if (a[i]) break;
            q[i] = 1'b1;
        end
    end
endmodule
`default_nettype wire
