`default_nettype none
module bad (
    input wire clk, input wire [3:0] a, output logic [3:0] q
);
    typedef enum logic [3:0] {NONE, SOME} amount_t;
    amount_t amount;
    assign amount = a;
    assign q = amount;
endmodule
`default_nettype wire
