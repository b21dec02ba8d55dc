//! Landfall compute layer: launch templates, auto scaling, load balancers, target groups, listeners.
