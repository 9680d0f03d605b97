`default_nettype none
module bad (
    output wire q
);
    pullup (q);
endmodule
`default_nettype wire
