`default_nettype none
module bad (
    input wire clk, input wire [3:0] a, output logic [3:0] q
);
    always_comb begin
        casex (a)
            4'b1xx0: q = 4'd1;
            default: q = 4'd0;
        endcase
    end
endmodule
`default_nettype wire
