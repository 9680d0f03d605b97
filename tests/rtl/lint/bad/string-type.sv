`default_nettype none
module bad #(parameter string STYLE = "block") (
    input wire clk, input wire [3:0] a, output logic [3:0] q
);
    assign q = a;
endmodule
`default_nettype wire
