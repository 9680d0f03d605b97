`default_nettype none
module bad (
    input wire clk, input wire [3:0] a, output logic [3:0] q
);
    initial fork
        q = 4'd1;
    join
endmodule
`default_nettype wire
