`default_nettype none
interface bad;
    logic q;
endinterface
`default_nettype wire
