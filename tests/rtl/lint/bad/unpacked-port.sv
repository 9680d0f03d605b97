`default_nettype none
module bad (
    input wire [3:0] u[2], output logic [3:0] q
);
    assign q = u[0];
endmodule
`default_nettype wire
