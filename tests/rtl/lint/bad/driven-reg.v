`default_nettype none
module bad(
    input  wire a,
    output reg  q
);
    assign q = a;
endmodule
`default_nettype wire
