`default_nettype none
module bad (
    input wire clk, input wire [3:0] a, output logic [3:0] q
);
    logic [3:0] words[2];
    logic [4:0] wider[2];
    assign words = '{a, a};
    assign wider = words;
    assign q = wider[0][3:0];
endmodule
`default_nettype wire
