`default_nettype none
module bad #(parameter int WIDTH = 4) (
    input wire clk, input wire [3:0] a, output logic [3:0] q
);
    localparam string STYLE = WIDTH > 4 ? "block" : "distributed";
    assign q = a;
endmodule
`default_nettype wire
