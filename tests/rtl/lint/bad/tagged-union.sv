`default_nettype none
module bad (
    input wire clk, input wire [3:0] a, output logic [3:0] q
);
    typedef union tagged packed {logic [3:0] low; logic [3:0] high;} either_t;
    assign q = a;
endmodule
`default_nettype wire
