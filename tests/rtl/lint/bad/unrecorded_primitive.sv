`default_nettype none
primitive turned(output q, input a);
    table
        0 : 1;
        1 : 0;
    endtable
endprimitive
module bad (
    input wire [3:0] a, output wire [3:0] q
);
    turned t(q[0], a[0]);
    assign q[3:1] = a[3:1];
endmodule
`default_nettype wire
