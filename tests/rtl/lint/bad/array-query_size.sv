`default_nettype none
module bad (
    input wire clk, input wire [3:0] a, output logic [3:0] q
);
    logic [3:0] words[2];
    assign words[0] = a;
    assign words[1] = 4'($size(words));
    assign q = words[1];
endmodule
`default_nettype wire
