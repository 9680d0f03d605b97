`default_nettype none
module bad(
    input  wire a,
    output wire q
);
    assign q = a;
endmodule : bad
`default_nettype wire
