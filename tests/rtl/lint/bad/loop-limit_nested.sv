`default_nettype none
module bad (input wire [9:0] a, output logic q);
    always_comb begin
        q = 1'b0;
        for (int i = 0; i < 50; i++) begin
            for (int j = 0; j < i * 10; j++) q = q ^ a[j%10];
        end
    end
endmodule
`default_nettype wire
