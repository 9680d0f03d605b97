`default_nettype none
module one(
    input  wire a,
    output wire q
);
    assign q = a;
endmodule
module bad(
    input  wire a,
    output wire q
);
    reg x;
    one u(.a(a), .q(x));
    assign q = x;
endmodule
`default_nettype wire
