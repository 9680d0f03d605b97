`default_nettype none
module bad (
    input wire [3:0] u [0:1], output wire [3:0] q
);
    assign q = u[0];
endmodule
`default_nettype wire
