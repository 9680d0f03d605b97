`default_nettype none
module inner (
    input wire a, output wire q
);
    assign q = a;
endmodule
module bad (
    input wire a, output wire q
);
    inner inner_i(.a(a), .q(q), .r(a));
endmodule
`default_nettype wire
