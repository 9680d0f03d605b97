`default_nettype none
module bad (
    input wire clk, input wire [3:0] a, output logic [3:0] q
);
    logic [1:0][3:0] pair;
    assign pair = '{2{a}};
    assign q = pair[0];
endmodule
`default_nettype wire
