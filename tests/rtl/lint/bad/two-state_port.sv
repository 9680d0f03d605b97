`default_nettype none
module bad (
    input wire [3:0] a, output bit q
);
    assign q = a[0];
endmodule
`default_nettype wire
