`default_nettype none
module bad (input wire [1:0] from, output logic [3:0] q);
    always_comb begin
        q = '0;
        for (int i = 32'(from); i < 4; i++) q[i] = 1'b1;
    end
endmodule
`default_nettype wire
