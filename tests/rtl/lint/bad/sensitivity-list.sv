`default_nettype none
module bad(
    input  wire  a,
    input  wire  b,
    output logic q
);
    always @(a) q = a & b;
endmodule
`default_nettype wire
