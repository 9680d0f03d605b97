`default_nettype none
module bad (
    input wire clk, input wire [3:0] a, output logic [3:0] q
);
    always_comb begin
        unique case (a)
            4'd1: q = 4'd2;
            default: q = '0;
        endcase
    end
endmodule
`default_nettype wire
