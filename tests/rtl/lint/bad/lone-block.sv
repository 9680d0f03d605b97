`default_nettype none
module bad (
    input wire clk, input wire [3:0] a, output logic [3:0] q
);
    generate
        begin : g_alone
            assign q = a;
        end
    endgenerate
endmodule
`default_nettype wire
