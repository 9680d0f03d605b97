`default_nettype none
module bad(
    input  wire  a,
    output wire  q
);
    wire inverted;
    // synthesis translate_off
    assign inverted = ~a;
    // synthesis translate_on
    assign q = inverted;
endmodule
`default_nettype wire
