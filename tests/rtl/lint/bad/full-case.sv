`default_nettype none
module bad(
    input  wire [1:0] a,
    output logic      q
);
    always_comb begin
        (* full_case *)
        case (a)
            2'd0: q = 1'b1;
            2'd1: q = 1'b0;
        endcase
    end
endmodule
`default_nettype wire
