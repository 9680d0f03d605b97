`default_nettype none
module bad (
    input wire [3:0] a, input wire [7:0] mask, output logic [7:0] q
);
    assign q = mask & 8'($signed(a));
endmodule
`default_nettype wire
