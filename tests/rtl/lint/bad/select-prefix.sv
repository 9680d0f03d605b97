`default_nettype none
module bad (input wire [7:0] a, output wire q);
    assign q = a[7:4][1];
endmodule
`default_nettype wire
