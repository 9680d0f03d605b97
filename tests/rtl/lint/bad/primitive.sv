`default_nettype none
module bad (
    input  wire [3:0] a,
    output wire [3:0] q
);
    and gates[3:0] (q, a, 4'd5);
endmodule
`default_nettype wire
