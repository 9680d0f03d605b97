`default_nettype none
module bad #(parameter int FROM = 6) (input wire [7:0] a, output wire [3:0] q);
    assign q = a[FROM+:4];
endmodule
`default_nettype wire
