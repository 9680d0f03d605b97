`default_nettype none
module bad (input wire a, output wire [70000-1:0] q);
    for (genvar i = 0; i < 70000; i++) begin : g_bit
        assign q[i] = a;
    end
endmodule
`default_nettype wire
